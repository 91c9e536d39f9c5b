"""The staffed service desk: by formula (Erlang) and contact by contact (SimPy)."""
