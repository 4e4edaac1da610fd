using System;
using System.Data;
using System.Data.Common;
using System.Diagnostics;

/// <summary>What Microsoft.Data.SqlClient tells of a query, by its names and types, without a database.</summary>
internal static class Sql
{
    public static void Query()
    {
        using var source = new DiagnosticListener("SqlClientDiagnosticListener");
        var command = new Command { CommandText = "select 1", CommandType = CommandType.Text, Connection = new Connection() };
        source.Write("Microsoft.Data.SqlClient.WriteCommandBefore", new { OperationId = Guid.NewGuid(), Command = command });
        source.Write("Microsoft.Data.SqlClient.WriteCommandAfter", new { OperationId = Guid.NewGuid(), Command = command });
    }

#nullable disable
    private sealed class Connection : DbConnection
    {
        public override string ConnectionString { get; set; }
        public override string Database => "shop";
        public override string DataSource => "db.example";
        public override string ServerVersion => "16.0";
        public override ConnectionState State => ConnectionState.Open;
        public override void ChangeDatabase(string name) => throw new NotSupportedException();
        public override void Close() { }
        public override void Open() { }
        protected override DbTransaction BeginDbTransaction(IsolationLevel level) => throw new NotSupportedException();
        protected override DbCommand CreateDbCommand() => new Command { Connection = this };
    }

    private sealed class Command : DbCommand
    {
        public override string CommandText { get; set; }
        public override int CommandTimeout { get; set; }
        public override CommandType CommandType { get; set; }
        public override bool DesignTimeVisible { get; set; }
        public override UpdateRowSource UpdatedRowSource { get; set; }
        protected override DbConnection DbConnection { get; set; }
        protected override DbParameterCollection DbParameterCollection => throw new NotSupportedException();
        protected override DbTransaction DbTransaction { get; set; }
        public override void Cancel() { }
        public override int ExecuteNonQuery() => throw new NotSupportedException();
        public override object ExecuteScalar() => throw new NotSupportedException();
        public override void Prepare() { }
        protected override DbParameter CreateDbParameter() => throw new NotSupportedException();
        protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) => throw new NotSupportedException();
    }
}
