"""What the workflows say to GitHub. Only the standard library, so that jobs that may write install nothing."""
