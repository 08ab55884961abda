# The numbers of test_experiment.py: Rscript experiment_reference.R TABLE.csv (columns s, z, d, y).
suppressMessages(library(estimatr))
d <- read.csv(commandArgs(TRUE)[1])
a <- difference_in_means(y ~ z, blocks = s, data = d)
b <- iv_robust(y ~ d + factor(s) | z + factor(s), data = d, se_type = "HC0")
cat(sprintf("%.12f %.12f %.12f\n", a$coefficients, a$std.error, a$df))
cat(sprintf("%.12f %.12f\n", b$coefficients["d"], b$std.error["d"]))
