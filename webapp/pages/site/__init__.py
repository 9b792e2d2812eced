"""Home, status, errata and the pages about the site."""
