import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.sql.Types;

/** Binds the parameters of a frame: how many, and of each its kind and its value. */
final class Parameters {
  private Parameters() {}

  static void bind(PreparedStatement statement, Body body, Product product) throws SQLException {
    int count = body.integer();
    for (int place = 1; place <= count; place++) {
      try {
        bindOne(statement, place, body.kind(), body, product);
      } catch (IllegalArgumentException wrong) {
        throw new SQLException("parameter " + place + " is no value of its type", "22P02");
      }
    }
  }

  private static void bindOne(PreparedStatement statement, int place, int kind, Body body, Product product) throws SQLException {
    switch (kind) {
      case 0:
        statement.setNull(place, Types.NULL);
        return;
      case 1:
        statement.setString(place, body.text());
        return;
      case 2:
        statement.setLong(place, Long.parseLong(body.text()));
        return;
      case 3:
        statement.setBigDecimal(place, new BigDecimal(body.text()));
        return;
      case 4:
        statement.setDouble(place, Double.parseDouble(body.text()));
        return;
      case 5:
        statement.setBoolean(place, body.text().equals("1"));
        return;
      case 6:
        statement.setBytes(place, body.bytes());
        return;
      case 7:
        statement.setDate(place, Date.valueOf(body.text()));
        return;
      case 8:
        statement.setTime(place, Time.valueOf(body.text()));
        return;
      case 9:
        statement.setTimestamp(place, Timestamp.valueOf(body.text()));
        return;
      default:
        bindList(statement, place, body, product);
    }
  }

  private static void bindList(PreparedStatement statement, int place, Body body, Product product) throws SQLException {
    String[] items = new String[body.integer()];
    for (int index = 0; index < items.length; index++) items[index] = body.text();
    if (product == Product.IRIS) statement.setBytes(place, listOf(items));
    else statement.setArray(place, statement.getConnection().createArrayOf("text", items));
  }

  /** $LIST as IRIS keeps it: each element with its length and a type, 1 for text of bytes and 2 for UTF-16. */
  private static byte[] listOf(String[] items) {
    Fields list = new Fields();
    for (String item : items) {
      boolean isNarrow = item.chars().allMatch(letter -> letter < 256);
      byte[] bytes = item.getBytes(isNarrow ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_16LE);
      int length = bytes.length + 2;
      if (length < 256) list.kind(length);
      else list.kind(0).kind((bytes.length + 1) & 0xff).kind((bytes.length + 1) >>> 8);
      list.kind(isNarrow ? 1 : 2).writeBytes(bytes);
    }
    return list.toByteArray();
  }
}
