"""Parts that pages share: words, number formats, filters, metric cards, the header."""
