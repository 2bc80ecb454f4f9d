"""A first YAML for a feed, from a sample of its messages.

What can be seen is written down, and what can't is asked. `samples` reads a file whatever it is;
`columns` says what each path holds; `roles` says what it may mean; `places` tries positions against
the city; `draft` writes the YAML with its questions.
"""
