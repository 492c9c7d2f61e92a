"""Transfer: a site's comments as a file, out of one database and into another."""
