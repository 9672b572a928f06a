"""The embedded server: takes runs over the wire and shows them in a browser."""
