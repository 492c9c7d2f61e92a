"""The shapes that come in and go out; rules that need the database live in the verbs."""
