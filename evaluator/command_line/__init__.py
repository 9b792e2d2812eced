"""Tables and pages that the command line prints."""
