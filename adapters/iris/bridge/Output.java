import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Frames of all connections to the one who reads them; whole ones, in the order in which they are sent. */
final class Output {
  private final DataOutputStream stream;

  Output(OutputStream stream) {
    this.stream = new DataOutputStream(new BufferedOutputStream(stream, 1 << 16));
  }

  synchronized void send(char type, int id, Fields fields) {
    try {
      stream.writeInt(5 + fields.size());
      stream.writeByte(type);
      stream.writeInt(id);
      fields.writeTo(stream);
      stream.flush();
    } catch (IOException gone) {
      System.exit(1); // nobody reads any more
    }
  }
}
