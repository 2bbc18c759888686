"""What lies in .cells and build/, seen from outside."""
