"""Times as Germans read them."""

DATETIME_FORMAT = "d.m.Y H:i:s e"
