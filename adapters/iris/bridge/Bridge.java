import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * JDBC connections over standard input and output: frames of length, type, connection and body. Each connection has a thread of
 * its own, so that one that is slow holds up no other. It ends when its input does.
 */
public final class Bridge {
  private static final int FRAME_MAX = 1 << 30;
  private static final Map<Integer, Session> sessions = new ConcurrentHashMap<>();

  public static void main(String[] arguments) throws Exception {
    Output output = new Output(System.out);
    System.setOut(System.err); // what a driver prints must not get between the frames
    DataInputStream input = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
    for (;;) {
      int length;
      try {
        length = input.readInt();
      } catch (EOFException end) {
        break;
      }
      if (length < 5 || length > FRAME_MAX) throw new IllegalStateException("a frame of " + length + " bytes");
      char type = (char) input.readUnsignedByte();
      int id = input.readInt();
      byte[] body = new byte[length - 5];
      input.readFully(body);
      take(type, id, new Body(body), output);
    }
    System.exit(0);
  }

  private static void take(char type, int id, Body body, Output output) {
    Session session =
        type == 'O' ? sessions.computeIfAbsent(id, key -> new Session(key, output, () -> sessions.remove(key))) : sessions.get(id);
    if (session != null) session.take(type, body);
  }
}
