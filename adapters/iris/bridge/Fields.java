import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Collects the fields of one frame. */
final class Fields extends ByteArrayOutputStream {
  Fields integer(int value) {
    write(value >>> 24);
    write(value >>> 16);
    write(value >>> 8);
    write(value);
    return this;
  }

  Fields number(long value) {
    return integer((int) (value >>> 32)).integer((int) value);
  }

  Fields kind(int value) {
    write(value);
    return this;
  }

  /** Null is length -1. */
  Fields bytes(byte[] value) {
    if (value == null) return integer(-1);
    integer(value.length);
    writeBytes(value);
    return this;
  }

  Fields text(String value) {
    return bytes(value == null ? null : value.getBytes(StandardCharsets.UTF_8));
  }
}
