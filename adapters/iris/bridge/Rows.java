import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;

/** Results as fields of frames. */
final class Rows {
  private Rows() {}

  /** -1 columns: there will be no rows. */
  static void columns(Fields fields, ResultSetMetaData meta) throws SQLException {
    if (meta == null) {
      fields.integer(-1);
      return;
    }
    fields.integer(meta.getColumnCount());
    for (int place = 1; place <= meta.getColumnCount(); place++) {
      fields.text(meta.getColumnLabel(place)).integer(meta.getColumnType(place)).text(meta.getColumnTypeName(place));
      fields.integer(meta.getPrecision(place)).integer(meta.getScale(place));
    }
  }

  /** A driver need not know types of parameters: type 0 then. */
  static Fields parameters(Fields fields, PreparedStatement statement) throws SQLException {
    ParameterMetaData meta = statement.getParameterMetaData();
    fields.integer(meta.getParameterCount());
    for (int place = 1; place <= meta.getParameterCount(); place++) {
      int type = 0;
      String name = "";
      try {
        type = meta.getParameterType(place);
        name = meta.getParameterTypeName(place);
      } catch (SQLException unknown) {
        // as above
      }
      fields.integer(type).text(name == null ? "" : name);
    }
    return fields;
  }

  static boolean[] binaryColumns(ResultSetMetaData meta) throws SQLException {
    boolean[] isBinary = new boolean[meta.getColumnCount()];
    for (int place = 0; place < isBinary.length; place++) {
      int type = meta.getColumnType(place + 1);
      isBinary[place] =
          type == Types.BINARY || type == Types.VARBINARY || type == Types.LONGVARBINARY || type == Types.BLOB;
    }
    return isBinary;
  }

  static void row(Fields fields, ResultSet result, boolean[] isBinary) throws SQLException {
    for (int place = 0; place < isBinary.length; place++) {
      if (isBinary[place]) fields.bytes(result.getBytes(place + 1));
      else fields.text(result.getString(place + 1));
    }
  }
}
