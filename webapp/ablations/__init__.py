"""What each part of a method brings: studies in which one thing at a time is changed."""
