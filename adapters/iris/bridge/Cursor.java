import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Rows that have not been asked for yet. */
final class Cursor {
  private final PreparedStatement statement;
  private final ResultSet result;
  private final boolean[] isBinary;
  /** The cursor stands on a row that has not gone out. */
  private boolean hasRow;

  Cursor(PreparedStatement statement) throws SQLException {
    this.statement = statement;
    this.result = statement.getResultSet();
    this.isBinary = Rows.binaryColumns(result.getMetaData());
    this.hasRow = result.next();
  }

  void columns(Fields fields) throws SQLException {
    Rows.columns(fields, result.getMetaData());
  }

  /** Appends whether these are the last rows, how many there are, and the rows. */
  boolean page(Fields fields, int rowsMax, int bytesMax) throws SQLException {
    Fields rows = new Fields();
    int count = 0;
    while (hasRow && count < rowsMax && rows.size() < bytesMax) {
      Rows.row(rows, result, isBinary);
      count++;
      hasRow = result.next();
    }
    fields.kind(hasRow ? 0 : 1).integer(count).writeBytes(rows.toByteArray());
    return !hasRow;
  }

  void close() throws SQLException {
    statement.close();
  }
}
