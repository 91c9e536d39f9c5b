"""What `import mobank as mb` offers: the functions and objects behind the names in `mobank.__all__`."""
