"""The city packs that ship with the product: one folder of data each."""
