"""What resources and functions of users and groups have in common."""
