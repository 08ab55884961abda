# Write lalonde_family.json: the experiment, CPS and PSID of LaLonde (1986) and Dehejia and Wahba (1999)
# by matching (R Matching, MatchIt), weighting (glm, sandwich) and difference in differences (glm and lm
# by hand, as DRDID is not packaged by Debian).
#   apt-get install r-base-core r-cran-matching r-cran-matchit r-cran-sandwich r-cran-jsonlite
#   cd tests/oracle && Rscript lalonde_family.R nsw_cps_psid.csv
suppressMessages({library(Matching); library(MatchIt); library(sandwich); library(jsonlite)})
all <- read.csv(commandArgs(trailingOnly = TRUE)[1])
covariates <- c("age", "educ", "black", "hisp", "married", "nodegree", "re74", "re75")
f <- reformulate(covariates, "d")
dw <- !is.na(all$dwincl) & all$dwincl == 1
nsw1 <- dw & !is.na(all$treated) & all$treated == 1
samples <- list(experiment = dw, cps = nsw1 | all$sample == 2, psid = nsw1 | all$sample == 3)
pair <- function(a, b) c(estimate = unname(a), std_error = unname(b))
weighted <- function(l, w) {
  m <- lm(re78 ~ d, l, weights = w)
  list(hc0 = pair(coef(m)[2], sqrt(vcovHC(m, "HC0")[2, 2])),
       hc1 = pair(coef(m)[2], sqrt(vcovHC(m, "HC1")[2, 2])))
}
stacked <- function(y, d, X, e, w) {        # Hajek weights, the score estimated: M-estimation
  b <- c(sum(w * d * y) / sum(w * d), sum(w * (1 - d) * y) / sum(w * (1 - d)))
  psi <- cbind(w * d * (y - b[1]), w * (1 - d) * (y - b[2]), X * (d - e))
  A <- matrix(0, ncol(psi), ncol(psi))
  A[1, 1] <- sum(w * d); A[2, 2] <- sum(w * (1 - d))
  A[2, -(1:2)] <- -colSums(w * (1 - d) * (y - b[2]) * X)   # derivative of the odds is the odds
  A[-(1:2), -(1:2)] <- t(X * (e * (1 - e))) %*% X
  V <- solve(A, t(solve(A, crossprod(psi))))
  pair(b[1] - b[2], sqrt(V[1, 1] + V[2, 2] - 2 * V[1, 2]))
}
matching <- function(l, X, ...) { m <- Match(Y = l$re78, Tr = l$d, X = X, ...); pair(m$est, m$se) }
dr <- function(l) {                          # Sant'Anna and Zhao (2020), sections 2 and 3.1
  X <- model.matrix(reformulate(setdiff(covariates, "re75")), l); d <- l$d; n <- nrow(l)
  dy <- l$re78 - l$re75
  e <- fitted(glm(d ~ X - 1, binomial, control = glm.control(epsilon = 1e-14, maxit = 100)))
  o <- e / (1 - e)
  beta <- coef(lm(dy ~ X - 1, subset = d == 0)); r <- as.vector(dy - X %*% beta)
  ols <- (X * ((1 - d) * r)) %*% solve(crossprod(X * (1 - d)))          # influence on beta
  lin <- (X * (d - e)) %*% solve(t(X * (e * (1 - e))) %*% X)            # influence on the score
  w0 <- o * (1 - d); m <- function(v, w) sum(v * w) / sum(w)
  out <- function(v, reg) {
    a1 <- m(v, d); a0 <- m(v, w0)
    i1 <- d * (v - a1) / sum(d); i0 <- w0 * (v - a0) / sum(w0)
    psi <- i1 - i0 - as.vector(lin %*% t(X) %*% i0)
    if (reg) psi <- psi - as.vector(ols %*% (colSums(X * d) / sum(d) - colSums(X * w0) / sum(w0)))
    pair(a1 - a0, sqrt(sum(psi^2)))
  }
  a <- m(r, d)
  reg <- d * (r - a) / sum(d) - as.vector(ols %*% (colSums(X * d) / sum(d)))
  Z <- cbind(1, scale(X[, -1])); g <- c(log(sum(d) / sum(1 - d)), rep(0, ncol(Z) - 1))
  loss <- function(g) { eta <- as.vector(Z %*% g); -sum(d * eta - (1 - d) * exp(eta)) / n }
  slope <- function(g) -colSums(Z * (d - (1 - d) * exp(as.vector(Z %*% g)))) / n
  for (i in 1:3) g <- optim(g, loss, slope, method = "BFGS", control = list(maxit = 5000, reltol = 1e-16))$par
  for (i in 1:20) g <- g - solve(t(Z * ((1 - d) * exp(as.vector(Z %*% g)))) %*% Z / n, slope(g))
  w <- (1 - d) * exp(as.vector(Z %*% g))
  v <- as.vector(dy - X %*% coef(lm(dy ~ X - 1, weights = w, subset = d == 0)))
  a1 <- m(v, d); a0 <- m(v, w)
  list(dr = out(r, TRUE), ipw = out(dy, FALSE), reg = pair(a, sqrt(sum(reg^2))),
       dr_improved = pair(a1 - a0, sqrt(sum((d * (v - a1) / sum(d) - w * (v - a0) / sum(w))^2))))
}
family <- lapply(samples, function(rows) {
  l <- all[rows, ]; l$d <- as.integer(l$sample == 1 & !is.na(l$treated) & l$treated == 1)
  X <- model.matrix(f, l); Z <- X[, -1]
  g <- glm(f, binomial, l, control = glm.control(epsilon = 1e-14, maxit = 100)); e <- fitted(g)
  y <- l$re78; d <- l$d; o <- e / (1 - e); w <- ifelse(d == 1, 1, o)
  m0 <- predict(lm(reformulate(covariates, "re78"), l, subset = d == 0), l)
  a <- sum((d - (1 - d) * o) * (y - m0)) / sum(d)
  psi <- ((d - (1 - d) * o) * (y - m0) - d * a) / mean(d)
  whole <- lm(update(f, re78 ~ d + .), l)
  strata <- function(...) { x <- matchit(f, l, ...); weighted(l[x$weights > 0, ], x$weights[x$weights > 0]) }
  list(n = nrow(l), n_treated = sum(d),
       diff_classical = summary(lm(re78 ~ d, l))$coef["d", 1:2],
       ols_classical = summary(whole)$coef["d", 1:2],
       ipw = stacked(y, d, X, e, w), ipw_known = weighted(l, w)$hc0,
       score = list(names = names(coef(g)), value = unname(coef(g)),
                    std_error = unname(summary(g)$coef[, 2])),
       aipw_not_normalised = pair(a, sqrt(mean(psi^2) / length(y))),
       match_var0 = matching(l, e, Var.calc = 0, distance.tolerance = 0),
       match_var1_tolerance = matching(l, e, Var.calc = 1),
       match_bias = matching(l, Z, Var.calc = 1, BiasAdjust = TRUE, distance.tolerance = 0),
       match_bias_var0_k3 = matching(l, Z, Var.calc = 0, BiasAdjust = TRUE, M = 3, distance.tolerance = 0),
       cem = strata(method = "cem"), subclass = strata(method = "subclass", subclass = 5), did = dr(l))
})
versions <- sapply(c("Matching", "MatchIt", "sandwich"), function(p) as.character(packageVersion(p)))
write(toJSON(c(family, list(versions = as.list(versions))), digits = NA, auto_unbox = TRUE, pretty = 1),
      "lalonde_family.json")
