# Write survival_options.json: intervals, Nelson-Aalen, strata, Gray's test, terms of a formula, events at
# time 0 and ties but for rounding, from R's survival and cmprsk.
#   apt-get install r-base-core r-cran-survival r-cran-cmprsk r-cran-jsonlite
#   cd tests/oracle && Rscript survival_options.R
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
lung <- read.csv("data/lung.csv"); veteran <- read.csv("data/veteran.csv"); mgus2 <- read.csv("data/mgus2.csv")
lung0 <- lung; lung0$time <- pmax(lung0$time - 60, 0)         # 26 persons end at 0
tenths <- lung; tenths$time <- lung$time / 10
for (k in seq(1, nrow(tenths), 2)) tenths$time[k] <- sum(rep(0.1, lung$time[k]))
bounds <- function(type) { s <- summary(survfit(Surv(time, status) ~ 1, lung, conf.type = type), times = c(50, 200, 500))
  list(lower = s$lower, upper = s$upper) }
hazard <- function(fit, at) { s <- summary(fit, times = at); list(value = s$cumhaz, se = s$std.chaz) }
beta <- function(fit) list(beta = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
test <- function(f, d) { s <- survdiff(f, d); s$chisq }
gray <- function(...) { t <- cuminc(...)$Tests; list(chi2 = unname(t[, 1]), p = unname(t[, 2]), df = unname(t[, 3])) }
km0 <- summary(survfit(Surv(time, status) ~ 1, lung0), times = c(0, 100, 300))
out <- list(
  plain = bounds("plain"), log = bounds("log"), `log-log` = bounds("log-log"),
  na = hazard(survfit(Surv(time, status) ~ 1, lung), c(50, 200, 500)),
  na_late = hazard(survfit(Surv(astart, astop, death) ~ 1, mgus2), 12 * c(60, 70, 80)),
  na_weighted = hazard(survfit(Surv(futime, death) ~ 1, mgus2, weights = w, robust = TRUE, id = id), c(12, 120)),
  logrank_strata = test(Surv(time, status) ~ sex + strata(ph.ecog), lung),
  cox_strata = beta(coxph(Surv(time, status) ~ age + sex + strata(ph.ecog), lung)),
  cox_strata_late = beta(coxph(Surv(astart, astop, death) ~ male + hgb + strata(area), mgus2)),
  cox_strata_weighted = beta(coxph(Surv(futime, death) ~ male + hgb + strata(area), mgus2, weights = w, robust = TRUE)),
  cox_formula = beta(coxph(Surv(time, status) ~ age + factor(ph.ecog) + age:sex, lung)),
  gray_sex = gray(mgus2$etime, mgus2$cause, mgus2$sex),
  gray_area = gray(mgus2$etime, mgus2$cause, mgus2$area %% 4),
  zero_km = list(value = km0$surv, se = km0$std.err),
  zero_cox = beta(coxph(Surv(time, status) ~ age + sex, lung0)),
  zero_logrank = test(Surv(time, status) ~ sex, lung0),
  zero_rmst = unname(summary(survfit(Surv(time, status) ~ 1, lung0), rmean = 400)$table[5:6]),
  tenths_cox = beta(coxph(Surv(time, status) ~ age + sex, tenths)),
  tenths_logrank = test(Surv(time, status) ~ sex, tenths),
  zero_events = sum(lung0$time == 0 & lung0$status == 1),
  versions = list(survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk")))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1), "survival_options.json")
