"""The operations of the API, by subject; every module here is found."""
