/** What the bridge must know of the servers behind it; the rest is JDBC. */
enum Product {
  IRIS("SELECT $JOB", false, false),
  /** Its cursors live in transactions only, and outside of one its driver reads every row at once. */
  POSTGRESQL("SELECT pg_backend_pid()", true, true),
  OTHER("SELECT 0", false, false);

  final String processIdSql;
  final boolean cursorsNeedTransaction;
  final boolean hasReadOnly;

  Product(String processIdSql, boolean cursorsNeedTransaction, boolean hasReadOnly) {
    this.processIdSql = processIdSql;
    this.cursorsNeedTransaction = cursorsNeedTransaction;
    this.hasReadOnly = hasReadOnly;
  }

  static Product of(String name) {
    if (name.equalsIgnoreCase("PostgreSQL")) return POSTGRESQL;
    return name.toUpperCase().contains("IRIS") ? IRIS : OTHER;
  }
}
