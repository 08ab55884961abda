# Write survival_reference.json and the three data files from the R package survival.
#   apt-get install r-base-core r-cran-survival r-cran-jsonlite
#   cd tests/oracle && Rscript survival_reference.R
library(survival)
library(jsonlite)

complete <- function(d) d[stats::complete.cases(d), ]
lung <- complete(survival::lung[, c("time", "status", "age", "sex", "ph.ecog", "inst")])
lung$status <- lung$status - 1
veteran <- survival::veteran
mgus2 <- complete(survival::mgus2[, c("id", "age", "sex", "hgb", "mspike", "ptime", "pstat",
                                      "futime", "death")])
mgus2 <- mgus2[mgus2$futime > 0 & mgus2$ptime > 0, ]
mgus2$etime <- with(mgus2, ifelse(pstat == 1, ptime, futime))
mgus2$cause <- with(mgus2, ifelse(pstat == 1, 1, 2 * death))
mgus2$astart <- 12 * mgus2$age
mgus2$astop <- mgus2$astart + mgus2$futime
mgus2$aetime <- mgus2$astart + mgus2$etime
mgus2$male <- as.integer(mgus2$sex == "M")
mgus2$w <- 1 + (mgus2$id %% 3)
mgus2$area <- mgus2$id %% 40
for (name in c("lung", "veteran", "mgus2"))
  write.csv(get(name), file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)

curve <- function(fit, times) {
  s <- summary(fit, times = times)
  list(times = s$time, value = s$surv, se = s$std.err, lower = s$lower, upper = s$upper,
       at_risk = s$n.risk)
}
incidence <- function(fit, times) {
  s <- summary(fit, times = times)
  list(times = s$time, value = s$pstate[, -1], se = s$std.err[, -1])
}
rmean <- function(fit, horizon) {
  t <- summary(fit, rmean = horizon)$table
  if (is.matrix(t)) list(value = unname(t[, 5]), se = unname(t[, 6])) else
    list(value = unname(t[5]), se = unname(t[6]))
}
coefficients <- function(fit) {
  s <- summary(fit)$coefficients
  se <- if ("robust se" %in% colnames(s)) s[, "robust se"] else s[, "se(coef)"]
  list(beta = unname(s[, "coef"]), se = unname(se), loglik = fit$loglik[2])
}

km <- function(...) survfit(..., conf.type = "log-log")
outcome <- factor(mgus2$cause, 0:2, c("censored", "pcm", "death"))
out <- list(
  version = as.character(packageVersion("survival")),
  km_lung = curve(km(Surv(time, status) ~ 1, lung), c(50, 100, 200, 365, 500, 700, 900)),
  km_late = curve(km(Surv(astart, astop, death) ~ 1, mgus2), 12 * c(50, 60, 65, 70, 75, 80, 85, 90)),
  km_weighted = curve(survfit(Surv(futime, death) ~ 1, mgus2, weights = w, robust = TRUE,
                              id = id, conf.type = "log-log"), c(12, 60, 120, 240)),
  km_clustered = curve(survfit(Surv(futime, death) ~ 1, mgus2, cluster = area,
                               conf.type = "log-log"), c(12, 60, 120, 240)),
  rmst_lung = rmean(km(Surv(time, status) ~ sex, lung), 600),
  rmst_late = rmean(survfit(Surv(pmax(astart, 720), astop, death) ~ male,
                            mgus2[mgus2$astop > 720, ]), 1020),
  aj = incidence(survfit(Surv(etime, outcome) ~ 1, mgus2, id = id), c(12, 60, 120, 240, 360)),
  aj_late = incidence(survfit(Surv(astart, aetime, outcome) ~ 1, mgus2, id = id),
                      12 * c(60, 70, 80, 90)),
  logrank_lung = unname(survdiff(Surv(time, status) ~ sex, lung)$chisq),
  logrank_cell = unname(survdiff(Surv(time, status) ~ celltype, veteran)$chisq),
  logrank_late = unname(coxph(Surv(astart, astop, death) ~ male, mgus2[1:150, ], ties = "exact")$score),
  cox_lung = coefficients(coxph(Surv(time, status) ~ age + sex + ph.ecog, lung)),
  cox_veteran = coefficients(coxph(Surv(time, status) ~ trt + celltype + karno + diagtime + age +
                                     prior, veteran)),
  cox_late = coefficients(coxph(Surv(astart, astop, death) ~ male + hgb + mspike, mgus2)),
  cox_late_years = coefficients(coxph(Surv(age, age + ceiling(futime / 12), death) ~
                                        male + hgb + mspike, mgus2)),
  cox_weighted = coefficients(coxph(Surv(astart, astop, death) ~ male + hgb + mspike, mgus2,
                                    weights = w, id = id, robust = TRUE)),
  cox_clustered = coefficients(coxph(Surv(age, age + ceiling(futime / 12), death) ~ male + hgb +
                                       mspike, mgus2, cluster = area)),
  counts = list(lung = nrow(lung), veteran = nrow(veteran), mgus2 = nrow(mgus2))
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = FALSE), "survival_reference.json")
