"""What each source says (its claims.yaml), and how a record is read for it."""
