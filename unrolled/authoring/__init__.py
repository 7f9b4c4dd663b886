"""For those who write questions: how strong they are, and classes to try them on."""
