"""The SQL database: engine, tables, migrations, and configuration as the live core knows it."""
