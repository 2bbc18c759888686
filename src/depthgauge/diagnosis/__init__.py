"""Where does a network lose its learning signal, why, and what helps: for any torch module."""
