"""Answers to one question: does the connector reach its API, what does an AADSTS code mean, do a page's examples hold."""
