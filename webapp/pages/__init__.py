"""Every page of the site: views, addresses, forms, contents and templates, one folder per subject."""
