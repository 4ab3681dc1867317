"""The report over HTTP: who may ask, what is answered, what a form may write."""
