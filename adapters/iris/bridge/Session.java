import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** One JDBC connection, and the thread on which all of it happens. Every frame is answered by one frame. */
final class Session {
  private final int id;
  private final Output output;
  private final Runnable gone;
  private final ExecutorService thread;
  private final Map<Integer, Cursor> cursors = new HashMap<>();
  private Connection connection;
  private Product product = Product.OTHER;
  private boolean isInTransaction;

  Session(int id, Output output, Runnable gone) {
    this.id = id;
    this.output = output;
    this.gone = gone;
    this.thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread made = new Thread(task, "connection-" + id);
              made.setDaemon(true);
              return made;
            });
  }

  void take(char type, Body body) {
    try {
      thread.execute(() -> answerTo(type, body));
    } catch (RejectedExecutionException ended) {
      // Who asked has been told that the connection is gone.
    }
  }

  /** Whatever happens, there is an answer: who waits for one that does not come waits for ever. */
  private void answerTo(char type, Body body) {
    try {
      output.send(Character.toLowerCase(type), id, answer(type, body));
    } catch (SQLException failure) {
      fail(failure);
    } catch (OutOfMemoryError full) {
      closeCursors();
      fail(new SQLException("a row or a value does not fit into the bridge's memory", "53200"));
    } catch (RuntimeException | Error failure) {
      fail(new SQLException("the driver failed: " + failure, "XX000"));
    }
  }

  private Fields answer(char type, Body body) throws SQLException {
    switch (type) {
      case 'O':
        return open(body);
      case 'D':
        return describe(body.text());
      case 'R':
        return run(body);
      case 'F':
        return fetch(body);
      case 'X':
        closeCursor(body.integer());
        return new Fields();
      case 'B':
        return runMany(body);
      case 'T':
        return transact(body);
      case 'C':
        return close();
      default:
        throw new IllegalArgumentException("a frame of type " + type);
    }
  }

  private void fail(SQLException failure) {
    boolean isLost = false;
    try {
      if (connection == null || connection.isClosed()) isLost = true;
      else if (cursors.isEmpty() && !isInTransaction && !connection.getAutoCommit()) endCursorTransaction(false);
    } catch (SQLException | RuntimeException again) {
      isLost = true;
    }
    Fields fields = new Fields().integer(failure.getErrorCode()).text(failure.getSQLState()).text(failure.getMessage());
    output.send(isLost ? 'l' : 'e', id, fields);
    if (isLost) end();
  }

  private void end() {
    gone.run();
    thread.shutdown();
  }

  private Fields open(Body body) throws SQLException {
    String url = body.text();
    Properties properties = new Properties();
    for (int left = body.integer(); left > 0; left--) properties.setProperty(body.text(), body.text());
    connection = DriverManager.getConnection(url, properties);
    product = Product.of(connection.getMetaData().getDatabaseProductName());
    connection.setAutoCommit(true);
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(product.processIdSql)) {
      result.next();
      return new Fields().text(result.getString(1)).text(product.name());
    }
  }

  private Fields describe(String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      Fields fields = new Fields();
      Rows.columns(fields, statement.getMetaData());
      return Rows.parameters(fields, statement);
    }
  }

  private Fields run(Body body) throws SQLException {
    int cursorId = body.integer();
    int rowsMax = body.integer();
    int bytesMax = body.integer();
    String sql = body.text();
    if (product.cursorsNeedTransaction && !isInTransaction && cursors.isEmpty()) connection.setAutoCommit(false);
    PreparedStatement statement = connection.prepareStatement(sql);
    try {
      statement.setFetchSize(Math.max(1, rowsMax));
      Parameters.bind(statement, body, product);
      if (statement.execute()) return rows(cursorId, statement, rowsMax, bytesMax);
      long count = Math.max(0, statement.getUpdateCount());
      statement.close();
      if (cursors.isEmpty()) endCursorTransaction(true);
      return new Fields().kind(0).number(count);
    } catch (SQLException failure) {
      statement.close();
      throw failure;
    }
  }

  private Fields rows(int cursorId, PreparedStatement statement, int rowsMax, int bytesMax) throws SQLException {
    Cursor cursor = new Cursor(statement);
    Fields fields = new Fields().kind(1);
    cursor.columns(fields);
    cursors.put(cursorId, cursor);
    return page(fields, cursorId, cursor, rowsMax, bytesMax);
  }

  private Fields fetch(Body body) throws SQLException {
    int cursorId = body.integer();
    Cursor cursor = cursors.get(cursorId);
    if (cursor == null) throw new SQLException("the cursor is closed", "24000");
    return page(new Fields(), cursorId, cursor, body.integer(), body.integer());
  }

  private Fields page(Fields fields, int cursorId, Cursor cursor, int rowsMax, int bytesMax) throws SQLException {
    try {
      if (cursor.page(fields, rowsMax, bytesMax)) closeCursor(cursorId);
      return fields;
    } catch (SQLException failure) {
      cursors.remove(cursorId);
      cursor.close();
      throw failure;
    }
  }

  /** Those that do not close are gone as well. */
  private void closeCursors() {
    for (Cursor cursor : cursors.values()) {
      try {
        cursor.close();
      } catch (SQLException gone) {
        // as above
      }
    }
    cursors.clear();
  }

  private void closeCursor(int cursorId) throws SQLException {
    Cursor cursor = cursors.remove(cursorId);
    if (cursor != null) cursor.close();
    if (cursors.isEmpty()) endCursorTransaction(true);
  }

  /** Where cursors live in transactions only, one was begun for them that nobody asked for. */
  private void endCursorTransaction(boolean isWell) throws SQLException {
    if (isInTransaction || connection.getAutoCommit()) return;
    if (isWell) connection.commit();
    else connection.rollback();
    connection.setAutoCommit(true);
  }

  private Fields runMany(Body body) throws SQLException {
    String sql = body.text();
    long changed = 0;
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int left = body.integer(); left > 0; left--) {
        Parameters.bind(statement, body, product);
        statement.addBatch();
      }
      for (int count : statement.executeBatch()) changed += count == Statement.SUCCESS_NO_INFO ? 1 : Math.max(0, count);
    }
    return new Fields().number(changed);
  }

  private Fields transact(Body body) throws SQLException {
    switch (body.kind()) {
      case 0:
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(body.integer());
        if (product.hasReadOnly) connection.setReadOnly(body.kind() == 1);
        isInTransaction = true;
        break;
      case 1:
        connection.commit();
        ended();
        break;
      default:
        connection.rollback();
        ended();
    }
    return new Fields();
  }

  private void ended() throws SQLException {
    closeCursors();
    isInTransaction = false;
    connection.setAutoCommit(true);
    if (product.hasReadOnly) connection.setReadOnly(false);
  }

  private Fields close() throws SQLException {
    try {
      if (connection != null) connection.close();
    } finally {
      end();
    }
    return new Fields();
  }
}
