"""What is written to the screen and to whoever reads standard output."""
