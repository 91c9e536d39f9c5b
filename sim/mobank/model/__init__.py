"""The model: the grammar in which one is declared, and mobile banking declared in it."""
