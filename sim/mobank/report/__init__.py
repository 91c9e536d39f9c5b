"""What people look at: tables, charts and the folder of a run."""
