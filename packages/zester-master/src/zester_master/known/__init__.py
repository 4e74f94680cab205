"""What masters know of the peels' settings: rendered with the facts they hold, without secrets."""
