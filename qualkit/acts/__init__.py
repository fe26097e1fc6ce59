"""What can be done to a study: each act a plain function, bound to `Study` as a method."""
