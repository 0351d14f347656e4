"""Times as they sort."""

DATETIME_FORMAT = "Y-m-d H:i:s e"
