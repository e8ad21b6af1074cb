"""Named edits for each kind of check, and the replays they drive."""
