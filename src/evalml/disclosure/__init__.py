"""What may leave: counts, shares, sentences and populations judged by the rules of the data owner.

A number that leaves is the number found, rounded to a step that is printed, or it is absent.
"""
