# Values of test_matching.py: R 4.2.2, Matching 4.10.8 and sandwich 3.0.2 (Debian: r-cran-matching,
# r-cran-sandwich). Give it the table that `python tests/oracle/lalonde.py` writes:
#   python tests/oracle/lalonde.py > lalonde.csv && Rscript matching_reference.R lalonde.csv
suppressMessages(library(Matching))
l <- read.csv(commandArgs(trailingOnly = TRUE)[1])
f <- treat ~ age + educ + race + married + nodegree + re74 + re75
ps <- fitted(glm(f, binomial, l, control = glm.control(epsilon = 1e-14)))
X <- model.matrix(f, l)[, -1]
show <- function(name, ...) {
  m <- Match(Y = l$re78, Tr = l$treat, distance.tolerance = 0, ...)
  cat(sprintf("%s %.4f %.4f %d\n", name, m$est, m$se, length(unique(m$index.control))))
}
for (v in c(1, 2, 4)) {
  show(paste("inverse_variance k=1 J =", v), X = X, M = 1, Var.calc = v)
  show(paste("propensity k=4 J =", v), X = ps, M = 4, Var.calc = v)
  show(paste("mahalanobis k=1 J =", v), X = X, M = 1, Weight = 2, Var.calc = v)
  show(paste("mahalanobis ate k=3 J =", v), X = X, M = 3, Weight = 2, Var.calc = v, estimand = "ATE")
  show(paste("propensity ate k=2 J =", v), X = ps, M = 2, Var.calc = v, estimand = "ATE")
}
show("propensity caliper 0.2", X = ps, M = 1, caliper = 0.2)
show("propensity exact race", X = cbind(ps, as.integer(factor(l$race))), M = 1,
     exact = c(FALSE, TRUE))
