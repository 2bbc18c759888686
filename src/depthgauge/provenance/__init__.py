"""By which commit, machine and software a record was computed."""
