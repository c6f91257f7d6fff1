"""The database: tables, migrations, one file of queries a subject."""
