"""How times are written: to the second and with their zone, for pages that are evidence."""
