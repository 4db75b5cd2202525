"""The auth service: any container that finds its database through DB_HOST."""
