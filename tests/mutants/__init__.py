"""Small changes of the code that makes numbers, and which of them no test notices; `make mutants` runs it by hand."""
