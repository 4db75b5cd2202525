"""One MySQL server: its pod, accounts, backups and sizes."""
