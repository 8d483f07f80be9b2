import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Reads the fields of one frame in order. */
final class Body {
  private final ByteBuffer buffer;

  Body(byte[] bytes) {
    buffer = ByteBuffer.wrap(bytes);
  }

  int integer() {
    return buffer.getInt();
  }

  int kind() {
    return buffer.get() & 0xff;
  }

  byte[] bytes() {
    byte[] bytes = new byte[buffer.getInt()];
    buffer.get(bytes);
    return bytes;
  }

  String text() {
    return new String(bytes(), StandardCharsets.UTF_8);
  }
}
