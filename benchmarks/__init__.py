"""What longread measures of itself: each module prints ratios measured in one run, and says with what."""
