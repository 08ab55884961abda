# The peers of R (Debian: r-cran-matching, r-cran-matchit, r-cran-survival).
#   Rscript benchmarks/peers.R JOB FOLDER
words <- commandArgs(trailingOnly = TRUE)
job <- words[1]
folder <- words[2]

need <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) {
    cat(sprintf('RESULT{"missing": "the R package %s is not installed"}\n', package))
    quit(status = 0)
  }
  suppressMessages(library(package, character.only = TRUE))
  as.character(packageVersion(package))
}

read_columns <- function(name, columns) {
  path <- file.path(folder, name)
  matrix(readBin(path, "double", file.size(path) / 8, endian = "little"), ncol = columns)
}

peak_mb <- function() {
  if (!file.exists("/proc/self/status")) return(NA)
  line <- grep("VmHWM", readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

report <- function(version, work) {
  taken <- system.time(answer <- work())
  said <- 'RESULT{"seconds": %.4f, "cpu": %.4f, "peak_mb": %.1f, "version": "%s", "answer": [%s]}\n'
  cat(sprintf(said, taken[["elapsed"]], sum(taken[1:2]), peak_mb(), version,
              paste(sprintf("%.12g", answer), collapse = ", ")))
}

persons <- function() {
  table <- as.data.frame(read_columns("table.bin", 22))
  names(table) <- c("y", "d", paste0("x", 0:19))
  table[, c("y", "d", paste0("x", c(0:3, 10:13)))]
}
score <- function(table) fitted(glm(d ~ . - y, binomial, table, control = glm.control(1e-12)))

jobs <- list(
  match_score = function() {
    version <- need("Matching")
    t <- persons()
    report(version, function() {
      # Its own scale loses near ties to rounding: distances are squared and some are below 1e-10.
      m <- Match(Y = t$y, Tr = t$d, X = score(t), M = 1, Var.calc = 1, distance.tolerance = 0,
                 Weight = 3, Weight.matrix = matrix(1e8))
      c(m$est, m$se)
    })
  },
  match_pairs = function() {
    version <- need("MatchIt")
    t <- persons()
    report(version, function() {
      m <- matchit(d ~ . - y, t, distance = "glm", ratio = 1)
      pairs <- match.data(m)
      fit <- lm(y ~ d, pairs, weights = pairs$weights)
      c(coef(fit)[["d"]], summary(fit)$coefficients["d", 2])
    })
  },
  cox = function() {
    version <- need("survival")
    t <- as.data.frame(read_columns("durations.bin", 8))
    names(t) <- c("entry", "end", "event", "a", "b", "c", "d", "e")
    report(version, function() {
      fit <- coxph(Surv(entry, end, event) ~ a + b + c + d + e, t, ties = "efron")
      c(coef(fit)[1], sqrt(diag(vcov(fit)))[1])
    })
  },
  kaplan_meier = function() {
    version <- need("survival")
    t <- as.data.frame(read_columns("durations.bin", 8))
    names(t) <- c("entry", "end", "event", "a", "b", "c", "d", "e")
    report(version, function() {
      summary(survfit(Surv(entry, end, event) ~ 1, t), times = c(24, 48))$surv
    })
  }
)
invisible(jobs[[job]]())
