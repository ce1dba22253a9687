"""Tables that cross pages, in every way that they do: small documents, one for each case, with their truth."""
