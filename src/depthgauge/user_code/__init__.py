"""Functions of a user's own, given by their import path, as in activation=my_package.elu."""
