# The numbers of test_synthesis.py. metafor's own tolerance is too wide for effects of a few points.
suppressMessages(library(metafor))
y <- c(2.1, 3.4, 1.2, 4.0, 2.8, 0.6, 3.1, 2.2, 5.1, 1.9, 2.5, 3.3, 1.4) / 100
s <- c(0.9, 1.2, 0.7, 1.5, 0.8, 1.0, 1.1, 0.6, 1.9, 0.8, 1.3, 1.0, 0.9) / 100
y2 <- c(0.5, 4.4, -1.2, 7.0, 2.8) / 100; s2 <- c(0.9, 1.2, 0.7, 1.5, 0.8) / 100
for (d in list(list(y, s), list(y2, s2))) {
  a <- rma(yi = d[[1]], sei = d[[2]], method = "FE")
  f <- rma(yi = d[[1]], sei = d[[2]], method = "PM", test = "adhoc",
           control = list(tol = 1e-15, threshold = 1e-15))
  cat(sprintf("%.10g, ", c(a$b, a$se, f$b, f$se, f$ci.lb, f$ci.ub, f$I2 / 100, f$QE, f$QEp, f$tau2)), "\n")
}
