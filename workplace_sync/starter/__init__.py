"""What a new working folder begins with: a group file, an example roster, the names of the settings, the policies."""
